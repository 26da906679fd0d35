resource "aws_ec2_managed_prefix_list" "way" {
  name           = "way"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
  }
}
resource "aws_ec2_managed_prefix_list" "services" {
  name           = "services"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:services" = "tcp/443"
  }
}
