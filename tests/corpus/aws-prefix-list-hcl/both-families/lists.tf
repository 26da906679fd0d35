resource "aws_ec2_managed_prefix_list" "four" {
  name           = "four"
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
resource "aws_ec2_managed_prefix_list" "six" {
  name           = "six"
  address_family = "IPv6"
  max_entries    = 2

  entry {
    cidr        = "2001:db8::/32"
    description = "why"
  }

  entry {
    cidr        = "2001:db9::1/128"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
