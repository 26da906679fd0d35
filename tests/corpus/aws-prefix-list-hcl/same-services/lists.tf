resource "aws_ec2_managed_prefix_list" "a" {
  name           = "a"
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
resource "aws_ec2_managed_prefix_list" "a_2" {
  name           = "a_2"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "198.51.100.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
