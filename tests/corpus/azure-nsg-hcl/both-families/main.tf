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
  destination_address_prefixes = ["0.0.0.0/0"]
}
resource "azurerm_network_security_rule" "b" {
  name                        = "b"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = 101
  protocol                    = "Udp"
  source_port_range = "*"
  destination_port_range = "53"
  source_address_prefix = "*"
  destination_address_prefixes = ["::/0"]
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
