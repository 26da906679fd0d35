resource "azurerm_network_security_rule" "api" {
  name                        = "api"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_ranges = ["443", "8000-8100"]
  source_address_prefix = "*"
  destination_address_prefixes = ["192.0.2.0/24", "198.51.100.7"]
}
resource "azurerm_network_security_rule" "deny" {
  name                        = "deny-rest"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Deny"
  priority                    = 4096
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
