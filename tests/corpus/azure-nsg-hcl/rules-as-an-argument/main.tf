
resource "azurerm_network_security_group" "main" {
  name                = "nsg"
  location            = "westeurope"
  resource_group_name = "rg"
  security_rule = [{
    name                                       = "ssh"
    description                                = ""
    priority                                   = 200
    direction                                  = "Inbound"
    access                                     = "Allow"
    protocol                                   = "Tcp"
    source_port_range                          = "*"
    source_port_ranges                         = []
    destination_port_range                     = "22"
    destination_port_ranges                    = []
    source_address_prefix                      = "10.0.0.0/8"
    source_address_prefixes                    = []
    destination_address_prefix                 = "*"
    destination_address_prefixes               = []
    source_application_security_group_ids      = []
    destination_application_security_group_ids = []
  }]
}
resource "azurerm_network_security_rule" "denyin" {
  name                        = "deny-in"
  resource_group_name         = "rg"
  network_security_group_name = azurerm_network_security_group.main.name
  direction                   = "Inbound"
  access                      = "Deny"
  priority                    = 4096
  protocol                    = "*"
  source_port_range = "*"
  destination_port_range = "*"
  source_address_prefix = "*"
  destination_address_prefix = "*"
}
