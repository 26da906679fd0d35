resource "azurerm_firewall_policy_rule_collection_group" "late" {
  name = "late"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 900
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "late"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/24"]
    }
  }
}
resource "azurerm_firewall_policy_rule_collection_group" "early" {
  name = "early"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 100
  network_rule_collection {
    name = "n900"
    priority = 900
    action = "Deny"
    rule {
      name = "early"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/25"]
    }
  }
}
