resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "ssh"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["22"]
      destination_fqdns = ["git.example.com"]
    }
    rule {
      name = "both"
      source_addresses = ["*"]
      protocols = ["UDP"]
      destination_ports = ["123"]
      destination_addresses = ["192.0.2.0/24"]
      destination_fqdns = ["ntp.example.com"]
    }
  }
}
