use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

pub struct Network {
    pub p: BTreeMap<String, Tensor>,
    d: i64,
    heads: i64,
    xor: Vec<bool>,
    enc_layers: usize,
    pub bf16: bool,
    pub stream: bool,
    pub dropout: f64,
    pe: Tensor,
    pe_enc: Tensor,
}

fn sinusoid(rows: i64, d: i64, offset: f64) -> Tensor {
    let pos = (Tensor::arange(rows, (Kind::Double, Device::Cpu)) + offset).unsqueeze(1);
    let div = (Tensor::arange_start_step(0, d, 2, (Kind::Double, Device::Cpu))
        * (-(10000f64.ln()) / d as f64))
        .exp();
    let a = pos * div.unsqueeze(0);
    Tensor::stack(&[a.sin(), a.cos()], 2)
        .reshape([rows, d])
        .to_kind(Kind::Float)
}

impl Network {
    pub fn load(path: &str, xor: Vec<bool>, enc_layers: usize, heads: i64) -> Self {
        let mut p = BTreeMap::new();
        for (n, t) in Tensor::read_safetensors(path).unwrap() {
            p.insert(n, t.to_kind(Kind::Float).set_requires_grad(true));
        }
        let d = p["token_embedding.weight"].size()[1];
        Self {
            p,
            d,
            heads,
            xor,
            enc_layers,
            bf16: false,
            stream: false,
            dropout: 0.0,
            pe: sinusoid(2048, d, 0.0),
            pe_enc: sinusoid(2048, d, 0.1),
        }
    }
    pub fn parameters(&self) -> BTreeMap<String, Tensor> {
        self.p
            .iter()
            .map(|(n, t)| (n.clone(), t.shallow_clone()))
            .collect()
    }
    fn lin(&self, x: &Tensor, w: &Tensor, b: &Tensor) -> Tensor {
        if self.bf16 {
            x.to_kind(Kind::BFloat16)
                .linear(&w.to_kind(Kind::BFloat16), Some(b.to_kind(Kind::BFloat16)))
        } else {
            x.linear(w, Some(b))
        }
    }
    fn drop(&self, x: Tensor, train: bool) -> Tensor {
        if train && self.dropout > 0.0 {
            x.dropout(self.dropout, true)
        } else {
            x
        }
    }
    fn heads(&self, x: &Tensor) -> Tensor {
        let s = x.size();
        x.view([s[0], s[1], self.heads, self.d / self.heads])
            .transpose(1, 2)
    }
    fn merge(&self, x: Tensor) -> Tensor {
        let s = x.size();
        x.transpose(1, 2).reshape([s[0], s[2], self.d])
    }
    fn self_attn(&self, h: &Tensor, name: &str, mask: Option<&Tensor>, causal: bool) -> Tensor {
        let qkv = self.lin(
            h,
            &self.p[&format!("{name}.in_proj_weight")],
            &self.p[&format!("{name}.in_proj_bias")],
        );
        let c = qkv.chunk(3, -1);
        let o = Tensor::scaled_dot_product_attention(
            &self.heads(&c[0]),
            &self.heads(&c[1]),
            &self.heads(&c[2]),
            mask,
            0.0,
            causal,
            None,
            false,
        );
        self.lin(
            &self.merge(o),
            &self.p[&format!("{name}.out_proj.weight")],
            &self.p[&format!("{name}.out_proj.bias")],
        )
    }
    fn ffn(&self, y: &Tensor, name: &str) -> Tensor {
        let h = self
            .lin(
                y,
                &self.p[&format!("{name}.linear1.weight")],
                &self.p[&format!("{name}.linear1.bias")],
            )
            .gelu("none");
        self.lin(
            &h,
            &self.p[&format!("{name}.linear2.weight")],
            &self.p[&format!("{name}.linear2.bias")],
        )
    }
    fn norm(&self, x: &Tensor, name: &str) -> Tensor {
        let (w, b) = (
            &self.p[&format!("{name}.weight")],
            &self.p[&format!("{name}.bias")],
        );
        if self.stream {
            x.layer_norm(
                [self.d],
                Some(&w.to_kind(Kind::BFloat16)),
                Some(&b.to_kind(Kind::BFloat16)),
                1e-5,
                false,
            )
        } else {
            x.layer_norm([self.d], Some(w), Some(b), 1e-5, false)
        }
    }
    fn st(&self, t: Tensor) -> Tensor {
        if self.stream {
            t.to_kind(Kind::BFloat16)
        } else {
            t
        }
    }
    fn f(&self, t: Tensor) -> Tensor {
        if self.bf16 && !self.stream {
            t.to_kind(Kind::Float)
        } else {
            t
        }
    }

    pub fn forward(&self, b: &super::batch::Batch, train: bool) -> Result<Tensor, tch::TchError> {
        Ok(self.forward_raw(
            &b.source,
            &b.source_padding.logical_not(),
            &b.input,
            &b.labels,
            train,
        ))
    }

    /// src [B,S], src_keep [B,S] bool (true = real), tgt [B,T], labels [B,T]
    pub fn forward_raw(
        &self,
        src: &Tensor,
        src_keep: &Tensor,
        tgt: &Tensor,
        labels: &Tensor,
        train: bool,
    ) -> Tensor {
        let emb = &self.p["token_embedding.weight"];
        let (s, t) = (src.size()[1], tgt.size()[1]);
        let k = if self.bf16 {
            Kind::BFloat16
        } else {
            Kind::Float
        };
        let mask = src_keep.logical_not().to_kind(k) * -1e9;
        let mask = mask.unsqueeze(1).unsqueeze(1);
        let mut m = Tensor::embedding(emb, src, -1, false, false) + self.pe_enc.narrow(0, 0, s);
        let st = |t: Tensor| {
            if self.stream {
                t.to_kind(Kind::BFloat16)
            } else {
                t
            }
        };
        m = st(m);
        m = self.drop(m, train);
        let smask = mask.expand([src.size()[0], 1, s, s], false);
        for i in 0..self.enc_layers {
            let n = format!("transformer_model.encoder.layers.{i}");
            let a = self.f(self.self_attn(&m, &format!("{n}.self_attn"), Some(&smask), false));
            m = self.norm(&(&m + self.drop(a, train)), &format!("{n}.norm1"));
            let f = self.f(self.ffn(&m, &n));
            m = self.norm(&(&m + self.drop(f, train)), &format!("{n}.norm2"));
        }
        m = self.norm(&m, "transformer_model.encoder.norm");
        let mut x = st(Tensor::embedding(emb, tgt, -1, false, false));
        x = self.drop(x, train);
        let pe = st(self.pe.narrow(0, 0, t));
        let pl = self
            .pe
            .index_select(0, &labels.reshape([-1]))
            .view([src.size()[0], t, self.d]);
        let pl = st(pl);
        let gate = labels.gt(0).to_kind(k).unsqueeze(-1);
        let ngate: Tensor = 1.0 - &gate;
        let cmask = mask.expand([src.size()[0], 1, t, s], false);
        for (i, &xor) in self.xor.iter().enumerate() {
            let n = format!("transformer_model.decoder.layers.{i}");
            let mut a = self.self_attn(&(&x + &pe), &format!("{n}.self_attn"), None, true);
            if xor {
                a = a * &ngate;
            }
            let (w, b) = (
                &self.p[&format!("{n}.multihead_attn.in_proj_weight")],
                &self.p[&format!("{n}.multihead_attn.in_proj_bias")],
            );
            let q = self.lin(
                &(&x + &pl),
                &w.narrow(0, 0, self.d),
                &b.narrow(0, 0, self.d),
            );
            let kv = self.lin(
                &m,
                &w.narrow(0, self.d, 2 * self.d),
                &b.narrow(0, self.d, 2 * self.d),
            );
            let kv = kv.chunk(2, -1);
            let o = Tensor::scaled_dot_product_attention(
                &self.heads(&q),
                &self.heads(&kv[0]),
                &self.heads(&kv[1]),
                Some(&cmask),
                0.0,
                false,
                None,
                false,
            );
            let c = self.lin(
                &self.merge(o),
                &self.p[&format!("{n}.multihead_attn.out_proj.weight")],
                &self.p[&format!("{n}.multihead_attn.out_proj.bias")],
            ) * &gate;
            let sum = self.drop((a + c) * 0.5, train);
            let y = self.norm(&(&x + sum), &format!("{n}.norm1"));
            let f = self.ffn(&y, &n);
            x = self.norm(&(&y + self.drop(f, train)), &format!("{n}.norm3"));
        }
        x = self.norm(&x, "transformer_model.decoder.norm");
        self.lin(
            &x,
            &self.p["output_layer.weight"],
            &self.p["output_layer.bias"],
        )
    }
}
