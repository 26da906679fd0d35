resource "azurerm_ip_group" "far" {
  name = "far"
  location = "westeurope"
  resource_group_name = "rg"
  cidrs = ["192.0.2.0/24", "198.51.100.1-198.51.100.9"]
}
resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n1000"
    priority = 1000
    action = "Allow"
    rule {
      name = "list"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_ip_groups = [azurerm_ip_group.far.id]
    }
  }
  network_rule_collection {
    name = "n1001"
    priority = 1001
    action = "Allow"
    rule {
      name = "other"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["22"]
      destination_ip_groups = ["/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/ipGroups/else"]
    }
  }
}
