resource "azurerm_network_security_rule" "a" {
  name                        = "a"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.0/24"
}
resource "azurerm_network_security_rule" "b" {
  name                        = "b"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Deny"
  priority                    = 100
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.0/25"
}
resource "azurerm_network_security_rule" "c" {
  name                        = "c"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Inbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "192.0.2.0/24"
  destination_address_prefix = "*"
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
resource "azurerm_network_security_rule" "denyin" {
  name                        = "deny-in"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Inbound"
  access                      = "Deny"
  priority                    = 4096
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
