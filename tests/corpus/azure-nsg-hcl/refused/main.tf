resource "azurerm_network_security_rule" "a" {
  name                        = "no-host-bits"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.1/24"
}
resource "azurerm_network_security_rule" "b" {
  name                        = "port"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 101
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "70000"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "c" {
  name                        = "range"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 102
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443-80"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "d" {
  name                        = "way"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Sideways"
  access                      = "Allow"
  priority                    = 103
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "e" {
  name                        = "verdict"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Maybe"
  priority                    = 104
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "f" {
  name                        = "early"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 99
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "g" {
  name                        = "protocol"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 105
  protocol                    = "Sctp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "h" {
  name                        = "range-of-addresses"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 106
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.1-192.0.2.9"
}
resource "azurerm_network_security_rule" "i" {
  name                        = "nothing"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 107
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefixes = []
}
resource "azurerm_network_security_rule" "j" {
  name                        = "no-port"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 108
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_ranges = []
  source_address_prefix = "*"
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
