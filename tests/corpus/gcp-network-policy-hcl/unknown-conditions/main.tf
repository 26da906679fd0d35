resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 10
  action = "allow"
  direction = "EGRESS"
  target_resources = ["https://www.googleapis.com/compute/v1/projects/p/global/networks/n"]
  match {
    dest_fqdns = ["api.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r1" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 11
  action = "allow"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["192.0.2.0/24"]
    src_networks = ["projects/p/global/networks/n"]
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
    dest_ip_ranges = ["198.51.100.0/24"]
    src_fqdns = ["here.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r3" {
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

resource "google_compute_network_firewall_policy_rule" "r4" {
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
