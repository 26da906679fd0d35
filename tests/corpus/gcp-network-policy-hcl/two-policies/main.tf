resource "google_compute_network_firewall_policy" "p" {
  name = "egress"
}

resource "google_compute_network_firewall_policy_rule" "r0" {
  firewall_policy = google_compute_network_firewall_policy.p.name
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
resource "google_compute_network_firewall_policy_rule" "s0" {
  firewall_policy = "projects/p/global/firewallPolicies/other"
  priority = 10
  action = "allow"
  direction = "EGRESS"
  match {
    dest_ip_ranges = ["203.0.113.0/24"]
    layer4_configs {
      ip_protocol = "tcp"
      ports = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "s1" {
  firewall_policy = "projects/p/global/firewallPolicies/other"
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

resource "google_compute_network_firewall_policy_rule" "s2" {
  firewall_policy = "projects/p/global/firewallPolicies/other"
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
