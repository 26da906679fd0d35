locals {
  hosts = {
    api = { priority = 10, names = ["api.example.com"] }
    web = { priority = 11, names = ["web.example.com", "www.example.com"] }
  }
  rest  = { v4 = { priority = 9000, all = "0.0.0.0/0" }, v6 = { priority = 9001, all = "::/0" } }
  ports = ["443", "8443"]
}

resource "google_compute_network_firewall_policy_rule" "by_name" {
  for_each        = local.hosts
  firewall_policy = "egress"
  priority        = each.value.priority
  direction       = "EGRESS"
  action          = "allow"

  match {
    dest_fqdns = each.value.names

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
  for_each        = local.rest
  firewall_policy = "egress"
  priority        = each.value.priority
  direction       = "EGRESS"
  action          = "deny"

  match {
    dest_ip_ranges = [each.value.all]

    layer4_configs {
      ip_protocol = "all"
    }
  }
}
