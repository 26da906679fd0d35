resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
  application_rule_collection {
    name = "a100"
    priority = 100
    action = "Allow"
    rule {
      name = "tag"
      source_addresses = ["*"]
      protocols = []
      destination_fqdn_tags = ["AzureKubernetesService"]
    }
    rule {
      name = "category"
      source_addresses = ["*"]
      protocols {
        type = "Https"
        port = 443
      }
      web_categories = ["news"]
    }
    rule {
      name = "url"
      source_addresses = ["*"]
      protocols {
        type = "Https"
        port = 443
      }
      destination_urls = ["www.example.com/a/*"]
      terminate_tls = true
    }
  }
}
