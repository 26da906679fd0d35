locals {
  blocks = ["192.0.2.0/25", "198.51.100.0/24"]
}
resource "aws_ec2_managed_prefix_list" "a" {
  name           = "a"
  address_family = "IPv4"
  max_entries    = 1

  dynamic "entry" {
    for_each = local.blocks
    content {
      cidr = entry.value
    }
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
