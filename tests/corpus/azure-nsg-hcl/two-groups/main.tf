resource "azurerm_network_security_group" "a" {
  name                = "nsg"
  location            = "westeurope"
  resource_group_name = "one"
}
resource "azurerm_network_security_group" "b" {
  name                = "nsg"
  location            = "westeurope"
  resource_group_name = "two"
}
resource "azurerm_network_security_rule" "a" {
  name                        = "a"
  resource_group_name         = "rg"
  network_security_group_name = azurerm_network_security_group.a.name
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
  network_security_group_name = azurerm_network_security_group.b.name
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Tcp"
  source_port_range = "*"
  destination_port_range = "443"
  source_address_prefix = "*"
  destination_address_prefix = "198.51.100.0/24"
}
resource "azurerm_network_security_rule" "da" {
  name                        = "deny"
  resource_group_name         = "rg"
  network_security_group_name = azurerm_network_security_group.a.name
  direction                   = "Outbound"
  access                      = "Deny"
  priority                    = 200
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
resource "azurerm_network_security_rule" "db" {
  name                        = "deny"
  resource_group_name         = "rg"
  network_security_group_name = azurerm_network_security_group.b.name
  direction                   = "Outbound"
  access                      = "Deny"
  priority                    = 200
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
