resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  network_rule_collection {
    name = "n1000"
    priority = 1000
    action = "Allow"
    rule {
      name = "dns"
      source_addresses = ["*"]
      protocols = ["UDP"]
      destination_ports = ["53"]
      destination_addresses = ["192.0.2.53"]
    }
    rule {
      name = "api"
      source_addresses = ["*"]
      protocols = ["TCP"]
      destination_ports = ["443", "8000-8100"]
      destination_addresses = ["192.0.2.0/24", "198.51.100.7"]
    }
  }
  application_rule_collection {
    name = "a2000"
    priority = 2000
    action = "Allow"
    rule {
      name = "web"
      source_addresses = ["*"]
      destination_fqdns = ["api.example.com", "*.example.org"]
      protocols {
        type = "Https"
        port = 443
      }
    }
    rule {
      name = "plain"
      source_addresses = ["*"]
      destination_fqdns = ["repo.example.com"]
      protocols {
        type = "Http"
        port = 80
      }
      protocols {
  