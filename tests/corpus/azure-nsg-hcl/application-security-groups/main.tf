
resource "azurerm_network_security_rule" "db" {
  name                                       = "db"
  resource_group_name                        = "rg"
  network_security_group_name                = "nsg"
  direction                                  = "Inbound"
  access                                     = "Allow"
  priority                                   = 100
  protocol                                   = "Tcp"
  source_port_range                          = "*"
  destination_port_range                     = "5432"
  source_application_security_group_ids      = [azurerm_application_security_group.web.id]
  destination_application_security_group_ids = ["/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationSecurityGroups/db"]
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
