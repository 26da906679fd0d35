resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  application_rule_collection {
    name = "a100"
    priority = 100
    action = "Deny"
    rule {
      name = "no"
      source_addresses = ["*"]
      destination_fqdns = ["bad.example.com"]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
  application_rule_collection {
    name = "a200"
    priority = 200
    action = "Allow"
    rule {
      name = "yes"
      source_addresses = ["*"]
      destination_fqdns = ["*.example.com"]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
