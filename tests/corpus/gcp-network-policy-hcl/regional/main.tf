resource "google_compute_region_network_firewall_policy_rule" "r0" {
  firewall_policy = "egress"
  region = "europe-west1"
  priority = 1000
  action = "allow"
  direction = "EGRESS"
  rule_name = "api"
  description = "castai/api"
  match {
    dest_fqdns = ["api.example.com", "eu.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_region_network_firewall_policy_rule" "r1" {
  firewall_policy = "egress"
  region = "europe-west1"
  priority = 1001
  action = "allow"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["192.0.2.0/24", "198.51.100.7/32"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443", "8000-8100"]
    }
    layer4_configs {
      ip_protocol = "udp"
      ports = ["53"]
    }
  }
}

resource "google_compute_region_network_firewall_policy_rule" "r2" {
  firewall_policy = "egress"
  region = "europe-west1"
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

resource "google_compute_region_network_firewall_policy_rule" "r3" {
  firewall_policy = "egress"
  region = "europe-west1"
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
