# Every way to say a rule that the provider has, all that is unusual first. Rules by prefix list have no description, as
# the local API forgets it.

terraform {
  required_providers {
    aws = {
      source = "judge.test/hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "vpc" {
  type = string
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true

  endpoints {
    ec2 = var.endpoint
  }
}

resource "aws_ec2_managed_prefix_list" "directory" {
  name           = "directory"
  address_family = "IPv4"
  max_entries    = 5

  entry {
    cidr        = "192.0.2.10/32"
    description = "one"
  }

  entry {
    cidr        = "192.0.2.11/32"
    description = "two"
  }

  entry {
    cidr = "198.18.0.0/15"
  }
}

resource "aws_ec2_managed_prefix_list" "list_of_six" {
  name           = "six"
  address_family = "IPv6"
  max_entries    = 2

  entry {
    cidr = "2001:db8:5::/48"
  }
}

resource "aws_security_group" "peer" {
  name        = "peer"
  description = "What others name"
  vpc_id      = var.vpc
}

resource "aws_security_group" "inline" {
  name        = "inline"
  description = "Rules inside the group"
  vpc_id      = var.vpc

  egress {
    description = "two addresses, one rule"
    from_port   = 389
    to_port     = 389
    protocol    = "tcp"
    cidr_blocks = ["192.0.2.10/32", "192.0.2.11/32"]
  }

  egress {
    description      = "both families and a group"
    from_port        = 443
    to_port          = 443
    protocol         = "TCP"
    cidr_blocks      = ["198.51.100.0/24"]
    ipv6_cidr_blocks = ["2001:db8::1/128", "2001:db8:1::/48"]
    security_groups  = [aws_security_group.peer.id]
  }

  egress {
    from_port       = 636
    to_port         = 640
    protocol        = "tcp"
    prefix_list_ids = [aws_ec2_managed_prefix_list.directory.id]
  }

  egress {
    description = "echo request"
    from_port   = 8
    to_port     = 0
    protocol    = "icmp"
    cidr_blocks = ["192.0.2.99/32"]
  }

  egress {
    description      = "every ICMPv6"
    from_port        = -1
    to_port          = -1
    protocol         = "icmpv6"
    ipv6_cidr_blocks = ["2001:db8:2::/64"]
  }

  egress {
    description = "protocol 50 has no ports"
    from_port   = 0
    to_port     = 0
    protocol    = "50"
    cidr_blocks = ["203.0.113.50/32"]
  }

  egress {
    description = "everything to one host"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["203.0.113.7/32"]
  }

  egress {
    description = "itself"
    from_port   = 9000
    to_port     = 9100
    protocol    = "udp"
    self        = true
  }

  ingress {
    description     = "itself, and another"
    from_port       = 0
    to_port         = 65535
    protocol        = "tcp"
    self            = true
    security_groups = [aws_security_group.peer.id]
  }

  ingress {
    description      = "both families, by the number of the protocol"
    from_port        = 22
    to_port          = 22
    protocol         = "6"
    cidr_blocks      = ["10.0.0.0/8"]
    ipv6_cidr_blocks = ["fd00::/8"]
  }

  ingress {
    from_port       = 23
    to_port         = 23
    protocol        = "tcp"
    prefix_list_ids = [aws_ec2_managed_prefix_list.list_of_six.id]
  }
}

resource "aws_security_group" "apart" {
  name        = "apart"
  description = "Rules beside the group"
  vpc_id      = var.vpc
}

resource "aws_security_group_rule" "two" {
  type              = "egress"
  security_group_id = aws_security_group.apart.id
  from_port         = 389
  to_port           = 389
  protocol          = "tcp"
  cidr_blocks       = ["192.0.2.10/32", "192.0.2.11/32"]
  description       = "two at once"
}

resource "aws_security_group_rule" "six" {
  type              = "egress"
  security_group_id = aws_security_group.apart.id
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  ipv6_cidr_blocks  = ["2001:db8::1/128"]
}

resource "aws_security_group_rule" "list" {
  type              = "egress"
  security_group_id = aws_security_group.apart.id
  from_port         = 636
  to_port           = 636
  protocol          = "tcp"
  prefix_list_ids   = [aws_ec2_managed_prefix_list.directory.id]
}

resource "aws_security_group_rule" "itself" {
  type              = "ingress"
  security_group_id = aws_security_group.apart.id
  from_port         = 0
  to_port           = 0
  protocol          = "-1"
  self              = true
}

resource "aws_security_group_rule" "other" {
  type                     = "ingress"
  security_group_id        = aws_security_group.apart.id
  from_port                = 53
  to_port                  = 53
  protocol                 = "udp"
  source_security_group_id = aws_security_group.peer.id
}

resource "aws_security_group_rule" "fragmentation" {
  type              = "ingress"
  security_group_id = aws_security_group.apart.id
  from_port         = 3
  to_port           = 4
  protocol          = "icmp"
  cidr_blocks       = ["0.0.0.0/0"]
}
