resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "all"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["*"]
    }
  }
  network_rule_collection {
    name = "n200"
    priority = 200
    action = "Allow"
    rule {
      name = "zero"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["22"]
      destination_addresses = ["0.0.0.0/0"]
    }
  }
}
