
variable "access" {
  type = string
}

variable "first" {
  type = number
}

variable "peers" {
  type = list(string)
}

resource "azurerm_network_security_rule" "access" {
  name                         = "access"
  resource_group_name          = "rg"
  network_security_group_name  = "nsg"
  direction                    = "Outbound"
  access                       = var.access
  priority                     = 200
  protocol                     = "Tcp"
  source_port_range            = "*"
  destination_port_range       = "443"
  source_address_prefix        = "*"
  destination_address_prefixes = ["192.0.2.0/24"]
}

resource "azurerm_network_security_rule" "place" {
  name                        = "place"
  resource_group_name         = "rg"
  network_security_group_name = "nsg"
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = var.first
  protocol                    = "Udp"
  source_port_range           = "*"
  destination_port_range      = "53"
  source_address_prefix       = "*"
  destination_address_prefix  = "198.51.100.0/24"
}

resource "azurerm_network_security_rule" "peers" {
  name                         = "peers"
  resource_group_name          = "rg"
  network_security_group_name  = "nsg"
  direction                    = "Outbound"
  access                       = "Allow"
  priority                     = 300
  protocol                     = "Tcp"
  source_port_range            = "*"
  destination_port_range       = "22"
  source_address_prefix        = "*"
  destination_address_prefixes = var.peers
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
