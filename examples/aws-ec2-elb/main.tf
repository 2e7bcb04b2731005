# SPDX-License-Identifier: Apache-2.0
#
# EC2 instances by count. The load balancer is in elb.tf or alb.tf.
resource "aws_security_group" "lb" {
  name        = "${var.stack_id}-lb"
  description = "The load balancer of ${var.stack_id}"
  vpc_id      = var.vpc_id

  ingress {
    description = "HTTP from the clients"
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = var.client_cidrs
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "app" {
  name        = "${var.stack_id}-app"
  description = "The instances of ${var.stack_id}"
  vpc_id      = var.vpc_id

  ingress {
    description     = "HTTP from the load balancer only"
    from_port       = 80
    to_port         = 80
    protocol        = "tcp"
    security_groups = [aws_security_group.lb.id]
  }
  egress {
    description = "Packages and remote write"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "app" {
  count = var.instance_count

  ami                    = var.ami_id
  instance_type          = var.instance_type
  subnet_id              = var.subnet_ids[count.index % length(var.subnet_ids)]
  vpc_security_group_ids = [aws_security_group.app.id]
  user_data = templatefile("${path.module}/user-data.sh.tftpl", {
    stack_id         = var.stack_id
    name             = "${var.stack_id}-${count.index}"
    remote_write_url = var.remote_write_url
  })

  metadata_options {
    http_tokens = "required"
  }

  tags = { Name = "${var.stack_id}-${count.index}" }
}
