resource "aws_ec2_managed_prefix_list" "out" {
  name           = "out"
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
resource "aws_ec2_managed_prefix_list" "in" {
  name           = "in"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "ingress"
    "egressor:services"  = "tcp/22"
  }
}
