resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  application_rule_collection {
    name = "a100"
    priority = 100
    action = "Allow"
    rule {
      name = "any"
      source_addresses = ["*"]
      destination_fqdns = ["*"]
      protocols {
        type = "Https"
        port = 8443
      }
    }
    rule {
      name = "below"
      source_addresses = ["*"]
      destination_fqdns = ["*.example.com"]
      protocols {
        type = "Https"
        port = 443
      }
    }
    rule {
      name = "odd"
      source_addresses = ["*"]
      destination_fqdns = ["*example.org"]
      protocols {
        type = "Https"
        port = 443
      }
    }
    rule {
      name = "apex"
      source_addresses = ["*"]
      destination_fqdns = ["example.com"]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
