resource "azurerm_network_security_rule" "a" {
  name                        = "icmp"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 100
  protocol                    = "Icmp"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.0/24"
}
resource "azurerm_network_security_rule" "b" {
  name                        = "esp"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 101
  protocol                    = "Esp"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.0/24"
}
resource "azurerm_network_security_rule" "c" {
  name                        = "ah"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 102
  protocol                    = "Ah"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "192.0.2.0/24"
}
resource "azurerm_network_security_rule" "d" {
  name                        = "udp"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 103
  protocol                    = "udp"
  source_port_range = "*"
  destination_port_range = "53"
  source_address_prefix = "*"
  destination_address_prefix = "2001:db8::/32"
}
resource "azurerm_network_security_rule" "e" {
  name                        = "any-port"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 104
  protocol                    = "*"
  source_port_range = "*"
  destination_port_ranges = ["80", "443"]
  source_address_prefix = "*"
  destination_address_prefix = "203.0.113.0/24"
}
resource "azurerm_network_security_rule" "f" {
  name                        = "odd"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 105
  protocol                    = "Icmp"
  source_port_range = "*"
  destination_port_range = "8"
  source_address_prefix = "*"
  destination_address_prefix = "198.51.100.0/24"
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
