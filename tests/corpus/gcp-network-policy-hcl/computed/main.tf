variable "names" {
  type = list(string)
}

variable "action" {}

variable "first" {}

resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 10
  action = "allow"
  direction = "EGRESS"
  match {
    dest_fqdns = var.names
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r1" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 11
  action = var.action
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["192.0.2.0/24"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r2" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = var.first
  action = "allow"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["198.51.100.0/24"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r3" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 13
  action = "allow"
  direction = var.way
  match {
    dest_ip_ranges = ["203.0.113.0/24"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r4" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 9000
  action = "deny"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["0.0.0.0/0"]
    layer4_configs {
      ip_protocol = "all"
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r5" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 9001
  action = "deny"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["::/0"]
    layer4_configs {
      ip_protocol = "all"
    }
  }
}
