resource "aws_ec2_managed_prefix_list" "ours" {
  name           = "ours"
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
resource "aws_ec2_managed_prefix_list" "other" {
  name           = "other"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "203.0.113.0/24"
    description = "why"
  }
}
resource "aws_ec2_managed_prefix_list" "named" {
  name           = "named"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "203.0.113.0/24"
    description = "why"
  }

  tags = {
    Name = "x"
  }
}
