resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n100"
    priority = 100
    action = "Allow"
    rule {
      name = "v"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["192.0.2.0/33"]
    }
    rule {
      name = "p"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["70000"]
      destination_addresses = ["192.0.2.0/24"]
    }
    rule {
      name = "q"
      source_addresses = ["*"]
      protocols = ["GRE"]
      destination_ports = ["1"]
      destination_addresses = ["192.0.2.0/24"]
    }
    rule {
      name = "r"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
    }
    rule {
      name = "ok"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = ["203.0.113.0/24"]
    }
  }
  application_rule_collection {
    name = "a200"
    priority = 200
    action = "Allow"
    rule {
      name = "w"
      source_addresses = ["*"]
      destination_fqdns = ["a b"]
      protocols {
        type = "Https"
        port = 443
      }
    }
    rule {
      name = "x"
      source_addresses = ["*"]
      destination_fqdns = ["api.example.com"]
      protocols {
        type = "Ftp"
        port = 21
      }
    }
    rule {
      name = "y"
      source_addresses = ["*"]
      destination_fqdns = ["ok.example.com"]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
