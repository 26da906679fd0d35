resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 10
  action = "allow"
  direction = "EGRESS"
  match {
    dest_fqdns = ["*.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r1" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 11
  action = "alow"
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
  priority = 12
  action = "allow"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["192.0.2.0/33"]
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
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["192.0.2.0/24"]
    layer4_configs {
      ip_protocol = "tpc"
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r4" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 14
  action = "allow"
  direction = "EGRESS"
  match {
    dest_fqdns = ["api.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r5" {
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

resource "google_compute_network_firewall_policy_rule" "r6" {
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
