resource "aws_ec2_managed_prefix_list" "sure" {
  name           = "sure"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
locals {
  tags = merge(var.tags, { "egressor:services" = "tcp/443" })
}
variable "tags" {
  type = map(string)
}
resource "aws_ec2_managed_prefix_list" "unsure" {
  name           = "unsure"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = local.tags
}
