locals {
  hosts = { api = ["api.example.com"], web = ["web.example.com", "www.example.com"] }
  ports = ["443", "8443"]
}

resource "google_compute_network_firewall_policy_rule" "by_name" {
  for_each        = local.hosts
  firewall_policy = "egress"
  priority        = each.key == "api" ? 10 : 11
  direction       = "EGRESS"
  action          = "allow"

  match {
    dest_fqdns = each.value

    dynamic "layer4_configs" {
      for_each = local.ports
      content {
        ip_protocol = "tcp"
        ports       = [layer4_configs.value]
      }
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "rest" {
  for_each        = { v4 = "0.0.0.0/0", v6 = "::/0" }
  firewall_policy = "egress"
  priority        = each.key == "v4" ? 9000 : 9001
  direction       = "EGRESS"
  action          = "deny"

  match {
    dest_ip_ranges = [each.value]

    layer4_configs {
      ip_protocol = "all"
    }
  }
}
