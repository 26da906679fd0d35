resource "aws_ec2_managed_prefix_list" "bits" {
  name           = "bits"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.1/24"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
resource "aws_ec2_managed_prefix_list" "bare" {
  name           = "bare"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr        = "192.0.2.1"
    description = "why"
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
