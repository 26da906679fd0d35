resource "aws_ec2_managed_prefix_list" "way" {
  name           = "way"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "both"
    "egressor:services"  = "tcp/443"
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
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/70000"
  }
}
resource "aws_ec2_managed_prefix_list" "empty" {
  name           = "empty"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = ""
  }
}
resource "aws_ec2_managed_prefix_list" "words" {
  name           = "words"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.0/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "https"
  }
}
