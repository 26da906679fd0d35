resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "storage"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["Storage.WestEurope"]
    }
  }
  network_rule_collection {
    name = "n200"
    priority = 200
    action = "Deny"
    rule {
      name = "mix"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/24", "AzureMonitor"]
    }
  }
  network_rule_collection {
    name = "n300"
    priority = 300
    action = "Allow"
    rule {
      name = "rest"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/23"]
    }
  }
}
