resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = var.policy
  priority = 500
  network_rule_collection {
    name = "n=var.first"
    priority = var.first
    action = "Allow"
    rule {
      name = "x"
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
      name = "y"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443"]
      destination_addresses = [var.peer]
    }
    rule {
      name = "z"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = [var.port]
      destination_addresses = ["198.51.100.0/24"]
    }
  }
  application_rule_collection {
    name = "a300"
    priority = 300
    action = var.action
    rule {
      name = "w"
      source_addresses = ["*"]
      destination_fqdns = [var.host]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
