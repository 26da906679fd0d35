resource "azurerm_firewall_policy_rule_collection_group" "g" {
  name = "g"
  firewall_policy_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/hub"
  priority = 500
}
