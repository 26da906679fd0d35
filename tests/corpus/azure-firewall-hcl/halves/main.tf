resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "low"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["25"]
      destination_addresses = ["0.0.0.0/1"]
    }
  }
  network_rule_collection {
    name = "n101"
    priority = 101
    action = "Allow"
    rule {
      name = "high"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["25"]
      destination_addresses = ["128.0.0.0/1"]
    }
  }
}
