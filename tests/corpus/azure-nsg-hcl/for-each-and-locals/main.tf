
locals {
  allowed = {
    api = { port = "443", to = "192.0.2.0/24", priority = 100 }
    dns = { port = "53", to = "198.51.100.53/32", priority = 110 }
  }
}

resource "azurerm_network_security_group" "main" {
  name                = "egress"
  location            = var.location
  resource_group_name = var.resource_group_name
}

resource "azurerm_network_security_rule" "allow" {
  for_each                    = local.allowed
  name                        = each.key
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.main.name
  direction                   = "Outbound"
  access                      = "Allow"
  priority                    = each.value.priority
  protocol                    = "*"
  source_port_range           = "*"
  destination_port_range      = each.value.port
  source_address_prefix       = "*"
  destination_address_prefix  = each.value.to
}

resource "azurerm_network_security_rule" "deny" {
  name                        = "deny"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.main.name
  direction                   = "Outbound"
  access                      = "Deny"
  priority                    = 4000
  protocol                    = "*"
  source_port_range           = "*"
  destination_port_range      = "*"
  source_address_prefix       = "*"
  destination_address_prefix  = "*"
}
