resource "azurerm_network_security_rule" "tag" {
  name                        = "storage"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "Storage.WestEurope"
}
resource "azurerm_network_security_rule" "vnet" {
  name                        = "vnet"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Deny"
  priority                    = 110
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "VirtualNetwork"
  destination_address_prefix = "VirtualNetwork"
}
resource "azurerm_network_security_rule" "net" {
  name                        = "internet"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 120
  protocol                    = "Udp"
  source_port_range = "*"
  destination_port_range = "123"
  source_address_prefix = "*"
  destination_address_prefix = "INTERNET"
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
