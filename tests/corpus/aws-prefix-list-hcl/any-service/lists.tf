resource "aws_ec2_managed_prefix_list" "a" {
  name           = "a"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "10.0.0.0/8"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "any"
  }
}
