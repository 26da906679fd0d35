resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "icmp"
      source_addresses = ["*"]
      protocols = ["ICMP"]
      destination_ports = ["*"]
      destination_addresses = ["192.0.2.0/24"]
    }
    rule {
      name = "any"
      source_addresses = ["*"]
      protocols = ["Any"]
      destination_ports = ["*"]
      destination_addresses = ["198.51.100.0/24"]
    }
    rule {
      name = "any-port"
      source_addresses = ["*"]
      protocols = ["Any"]
      destination_ports = ["53"]
      destination_addresses = ["203.0.113.0/24"]
    }
    rule {
      name = "two"
      source_addresses = ["*"]
      protocols = ["TCP", "UDP"]
      destination_ports = ["1-9"]
      destination_addresses = ["203.0.113.9"]
    }
  }
  application_rule_collection {
    name = "a200"
    priority = 200
    action = "Allow"
    rule {
      name = "sql"
      source_addresses = ["*"]
      destination_fqdns = ["db.example.com"]
      protocols {
        type = "Mssql"
        port = 1433
      }
    }
  }
}
