// SPDX-License-Identifier: Apache-2.0
//
// The fixed parts of simulate/page.cpp's HTML: style and script.
#pragma once

#include <string_view>

namespace stackscaler::simulate {

inline constexpr std::string_view kPageStyle = R"css(
:root{--bg:#fff;--fg:#1d2430;--dim:#667085;--line:#e4e7ec;--card:#fff;--load:#3b7ddd;--serve:#12805c;--total:#12805c55;
--bad:#d92d20;--warn:#dc6803;--up:#12805c;--down:#7a5af8}
@media(prefers-color-scheme:dark){:root{--bg:#11151c;--fg:#e6e9ef;--dim:#98a2b3;--line:#2a313d;--card:#171c25;--load:#6ea8fe;
--serve:#3ccb93;--total:#3ccb9355;--bad:#f97066;--warn:#fdb022;--up:#3ccb93;--down:#a48afb}}
*{box-sizing:border-box}body{margin:0;padding:24px;background:var(--bg);color:var(--fg);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:auto}h1{font-size:20px;margin:0 0 2px}h2{font-size:16px;margin:0 0 8px}
p.sub{color:var(--dim);margin:0 0 18px}section{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:16px 18px;margin:0 0 18px}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;
font-variant-numeric:tabular-nums}th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--dim);font-weight:500}th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
svg{display:block;width:100%;height:auto;touch-action:none;user-select:none;cursor:crosshair}
.axis{stroke:var(--line)}text{fill:var(--dim);font-size:11px}.load{fill:var(--load);fill-opacity:.28;stroke:var(--load);stroke-width:1}
.serve{fill:none;stroke:var(--serve);stroke-width:1.6}.total{fill:none;stroke:var(--total);stroke-width:1.2;stroke-dasharray:3 2}
.used{fill:none;stroke:var(--load);stroke-width:1}.slo{stroke:var(--warn);stroke-dasharray:4 3}.hot{stroke:var(--bad);stroke-dasharray:4 3}
.up{fill:var(--up)}.down{fill:var(--down)}.cross{stroke:var(--dim);stroke-width:1}.pick{fill:var(--load);fill-opacity:.15}
.key{color:var(--dim);font-size:12px;margin:0 0 4px}.key b{font-weight:500;color:var(--fg)}
.key i{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;margin:0 5px 0 12px}
.say{min-height:40px;margin:6px 0 0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}.say em{font-style:normal;color:var(--dim)}
)css";

inline constexpr std::string_view kPageScript = R"js(
'use strict';
(function(){
const D=JSON.parse(document.getElementById('data').textContent),NS='http://www.w3.org/2000/svg',W=1140,L=46,R=10;
const el=(n,a,p)=>{const e=document.createElementNS(NS,n);for(const k in a)e.setAttribute(k,a[k]);if(p)p.appendChild(e);return e};
const two=n=>String(n).padStart(2,'0');
const when=s=>{const d=new Date(s*1000);return d.getUTCFullYear()+'-'+two(d.getUTCMonth()+1)+'-'+two(d.getUTCDate())+' '+two(d.getUTCHours())+':'+two(d.getUTCMinutes())+' UTC'};
const short=(s,span)=>{const d=new Date(s*1000),t=two(d.getUTCHours())+':'+two(d.getUTCMinutes()),y=two(d.getUTCMonth()+1)+'-'+two(d.getUTCDate());return span>3*86400?y:span>86400?y+' '+t:t};
const nice=(max,n)=>{const r=max/n,p=Math.pow(10,Math.floor(Math.log10(r||1)));for(const m of[1,2,5,10])if(m*p>=r)return m*p;return 10*p};
const steps=[60,300,900,1800,3600,10800,21600,43200,86400,172800,604800,1209600,2592000,7776000];
D.runs.forEach((run,index)=>{
  const box=document.getElementById('plot'+index),say=document.getElementById('say'+index);
  const full=[D.start,D.start+run.load.length*D.span];let view=full.slice(),drag=null;
  const H1=250,H2=120,svg=el('svg',{viewBox:'0 0 '+W+' '+(H1+H2+50),role:'img','aria-label':'load, capacity and utilization over time'},box);
  const X=s=>L+(s-view[0])/(view[1]-view[0])*(W-L-R),T=x=>view[0]+(x-L)/(W-L-R)*(view[1]-view[0]);
  const at=s=>Math.max(0,Math.min(run.load.length-1,Math.floor((s-D.start)/D.span)));
  let cross;
  function draw(){
    svg.textContent='';
    const a=at(view[0]),b=at(view[1]-1),every=Math.max(1,Math.floor((b-a)/2200));let top=1;
    for(let i=a;i<=b;i++)top=Math.max(top,run.load[i]/D.slo,run.total[i]);
    top*=1.08;const Y=v=>10+(H1-20)*(1-v/top),U=v=>H1+20+(H2-10)*(1-v/100);
    const g=nice(top,5);
    for(let v=0;v<=top;v+=g){el('line',{class:'axis',x1:L,x2:W-R,y1:Y(v),y2:Y(v)},svg);el('text',{x:L-6,y:Y(v)+4,'text-anchor':'end'},svg).textContent=Math.round(v*100)/100}
    for(const v of[0,50,100]){el('line',{class:'axis',x1:L,x2:W-R,y1:U(v),y2:U(v)},svg);el('text',{x:L-6,y:U(v)+4,'text-anchor':'end'},svg).textContent=v+'%'}
    const span=view[1]-view[0],ts=steps.find(s=>span/s<=9)||steps[steps.length-1];
    for(let s=Math.ceil(view[0]/ts)*ts;s<=view[1];s+=ts){el('line',{class:'axis',x1:X(s),x2:X(s),y1:10,y2:H1+H2+10},svg);el('text',{x:X(s),y:H1+H2+28,'text-anchor':X(s)>W-50?'end':'middle'},svg).textContent=short(s,span)}
    const path=(f,close)=>{let d='';for(let i=a;i<=b;i+=every){let v=f(i);for(let j=1;j<every&&i+j<=b;j++)v=close||close===0?Math.max(v,f(i+j)):v;
      const x0=X(D.start+i*D.span).toFixed(1),x1=X(D.start+Math.min(i+every,b+1)*D.span).toFixed(1);d+=(d?'L':'M')+x0+' '+v.toFixed(1)+'L'+x1+' '+v.toFixed(1)}return d};
    const up=f=>{let d='';for(let i=a;i<=b;i+=every){let v=f(i);for(let j=1;j<every&&i+j<=b;j++)v=Math.min(v,f(i+j));
      const x0=X(D.start+i*D.span).toFixed(1),x1=X(D.start+Math.min(i+every,b+1)*D.span).toFixed(1);d+=(d?'L':'M')+x0+' '+v.toFixed(1)+'L'+x1+' '+v.toFixed(1)}return d};
    const clip=el('clipPath',{id:'clip'+index},svg);el('rect',{x:L,y:0,width:W-L-R,height:H1+H2+16},clip);
    const p=el('g',{'clip-path':'url(#clip'+index+')'},svg);
    el('path',{class:'load',d:up(i=>Y(run.load[i]/D.slo))+'L'+X(D.start+(b+1)*D.span)+' '+Y(0)+'L'+X(D.start+a*D.span)+' '+Y(0)+'Z'},p);
    el('path',{class:'total',d:up(i=>Y(run.total[i]))},p);el('path',{class:'serve',d:path(i=>Y(run.serving[i]),1)},p);
    el('line',{class:'slo',x1:L,x2:W-R,y1:U(D.slo*100),y2:U(D.slo*100)},p);el('line',{class:'hot',x1:L,x2:W-R,y1:U(90),y2:U(90)},p);
    el('path',{class:'used',d:up(i=>U(run.used[i]))},p);
    const seen=run.events.filter(e=>e[0]>=view[0]&&e[0]<view[1]),skip=Math.max(1,Math.ceil(seen.length/600));
    seen.forEach((e,i)=>{if(i%skip)return;const x=X(e[0]),y=H1-2,u=e[2]>e[1];
      el('path',{class:u?'up':'down',d:u?'M'+x+' '+(y-8)+'l4 7h-8z':'M'+x+' '+y+'l4 -7h-8z'},p);});
    cross=el('line',{class:'cross',x1:-9,x2:-9,y1:10,y2:H1+H2+10},svg);
    if(drag)el('rect',{class:'pick',x:Math.min(drag[0],drag[1]),width:Math.abs(drag[1]-drag[0]),y:10,height:H1+H2},svg);
  }
  const px=e=>{const r=svg.getBoundingClientRect();return Math.max(L,Math.min(W-R,(e.clientX-r.left)/r.width*W))};
  function show(x){
    const s=T(x),i=at(s);cross.setAttribute('x1',x);cross.setAttribute('x2',x);
    let best=null;const near=6/(W-L-R)*(view[1]-view[0]);
    for(const e of run.events)if(Math.abs(e[0]-s)<=near&&(!best||Math.abs(e[0]-s)<Math.abs(best[0]-s)))best=e;
    say.textContent=when(D.start+i*D.span)+' · needs '+Math.ceil(run.load[i]/D.slo-1e-9)+' · serving '+run.serving[i]+' · billed '+run.total[i]+' · '+run.used[i].toFixed(1)+'% used';
    if(best){const m=document.createElement('em');m.textContent=when(best[0])+' '+best[1]+' → '+best[2]+' '+best[3]+': '+best[4];say.append(document.createElement('br'),m)}
  }
  svg.addEventListener('pointermove',e=>{const x=px(e);if(drag){drag[1]=x;draw()}show(x)});
  svg.addEventListener('pointerdown',e=>{drag=[px(e),px(e)];svg.setPointerCapture(e.pointerId)});
  svg.addEventListener('pointerup',()=>{if(!drag)return;const a=T(Math.min(...drag)),b=T(Math.max(...drag));const wide=Math.abs(drag[1]-drag[0])>6;drag=null;
    if(wide&&b-a>=4*D.span)view=[a,b];draw()});
  say.textContent='Point at the plot.';
  svg.addEventListener('dblclick',()=>{view=full.slice();draw()});
  draw();
});
document.documentElement.dataset.drawn='yes';
})();
)js";

}  // namespace stackscaler::simulate
