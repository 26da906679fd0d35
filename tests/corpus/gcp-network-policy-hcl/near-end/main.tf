resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 10
  action = "allow"
  direction = "EGRESS"
  match {
    src_ip_ranges = ["10.1.0.0/16"]
    dest_ip_ranges = ["192.0.2.0/24"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r1" {
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

resource "google_compute_network_firewall_policy_rule" "r2" {
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
