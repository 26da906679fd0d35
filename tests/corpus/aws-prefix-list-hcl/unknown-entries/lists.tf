variable "cidr" {
  type = string
}
resource "aws_ec2_managed_prefix_list" "a" {
  name           = "a"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr = var.cidr
  }

  tags = {
    "egressor:direction" = "egress"
    "egressor:services"  = "tcp/443"
  }
}
