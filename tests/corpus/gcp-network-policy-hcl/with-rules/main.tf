resource "google_compute_network_firewall_policy_with_rules" "p" {
  name = "egress"
  rule {
    priority = 1000
    action = "allow"
    direction = "EGRESS"
    rule_name = "api"
    description = "castai/api"
    match {
      dest_fqdns = ["api.example.com", "eu.example.com"]
      layer4_config {
        ip_protocol = "tcp"
        ports = ["443"]
      }
    }
  }
  rule {
    priority = 1001
    action = "allow"
    direction = "EGRESS"
    match {
      dest_ip_ranges = ["192.0.2.0/24", "198.51.100.7/32"]
      layer4_config {
        ip_protocol = "tcp"
        ports = ["443", "8000-8100"]
      }
      layer4_config {
        ip_protocol = "udp"
        ports = ["53"]
      }
    }
  }
  rule {
    priority = 9000
    action = "deny"
    direction = "EGRESS"
    match {
      dest_ip_ranges = ["0.0.0.0/0"]
      layer4_config {
        ip_protocol = "all"
      }
    }
  }
  rule {
    priority = 9001
    action = "deny"
    direction = "EGRESS"
    match {
      dest_ip_ranges = ["::/0"]
      layer4_config {
        ip_protocol = "all"
      }
    }
  }
}
