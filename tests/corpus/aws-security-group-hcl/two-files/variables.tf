locals {
  https = 443
}
variable "blocks" {
  type    = list(string)
  default = ["192.0.2.0/24"]
}
