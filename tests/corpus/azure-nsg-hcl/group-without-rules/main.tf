resource "azurerm_network_security_group" "empty" {
  name                = "nsg"
  location            = "westeurope"
  resource_group_name = "rg"
}
