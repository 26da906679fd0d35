resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "n"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/24"]
      destination_moods = ["good"]
    }
  }
  application_rule_collection {
    name = "a200"
    priority = 200
    action = "Allow"
    rule {
      name = "a"
      source_addresses = ["*"]
      destination_fqdns = ["api.example.com"]
      protocols {
        type = "Https"
        port = 443
      }
      destination_addresses = ["192.0.2.0/24"]
    }
  }
}
