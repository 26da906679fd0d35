resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 10
  action = "allow"
  direction = "INGRESS"
  match {
    src_ip_ranges = ["192.0.2.0/24"]
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
  direction = "INGRESS"
  match {
    src_secure_tags {
      name = "tagValues/9"
    }
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["22"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "r2" {
  firewall_policy = google_compute_network_firewall_policy.p.name
  priority = 12
  action = "allow"
  direction = "INGRESS"
  match {
    src_fqdns = ["probe.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["8443"]
    }
  }
}
