resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 10
  action = "deny"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["0.0.0.0/1"]
    layer4_configs {
      ip_protocol = "tcp"
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r1" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 11
  action = "deny"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["128.0.0.0/1"]
    layer4_configs {
      ip_protocol = "tcp"
    }
  }
}
