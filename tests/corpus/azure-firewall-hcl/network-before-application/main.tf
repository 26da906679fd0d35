resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n1000"
    priority = 1000
    action = "Deny"
    rule {
      name = "no"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["80"]
      destination_addresses = ["*"]
    }
  }
  application_rule_collection {
    name = "a100"
    priority = 100
    action = "Allow"
    rule {
      name = "web"
      source_addresses = ["*"]
      destination_fqdns = ["api.example.com"]
      protocols {
        type = "Http"
        port = 80
      }
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
