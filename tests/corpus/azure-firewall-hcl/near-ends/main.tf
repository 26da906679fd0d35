resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "spoke"
      source_addresses = ["10.1.0.0/16", "10.2.0.9"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/24"]
    }
  }
  application_rule_collection {
    name = "a200"
    priority = 200
    action = "Allow"
    rule {
      name = "spoke"
      source_addresses = ["10.1.0.0/16"]
      destination_fqdns = ["api.example.com"]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
