resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Permit"
    rule {
      name = "n"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/24"]
    }
  }
  network_rule_collection {
    name = "n200"
    priority = 200
    action = "Allow"
    rule {
      name = "m"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["198.51.100.0/24"]
    }
  }
}
