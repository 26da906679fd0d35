# Other things decide about packets too, and are named.
resource "aws_networkfirewall_firewall" "a" {
  name = "edge"
}
module "vpc" {
  source = "./vpc"
}
resource "aws_default_security_group" "default" {
  vpc_id = "vpc-1"
  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}
