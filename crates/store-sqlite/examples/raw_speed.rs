//! temp
#![allow(clippy::all, clippy::unwrap_used, clippy::print_stdout)]
#[path = "../tests/support/mod.rs"]
mod support;
use support::*;
use std::sync::Arc;
use std::sync::atomic::*;
use std::time::*;
use driftless_model::Result;
use driftless_model::*;
use driftless_query::*;
use driftless_store::*;
use driftless_store_sqlite::*;

struct Sum(u64, Vec<usize>);
impl RowSink for Sum {
    fn start(&mut self, _: &PageHead<'_>) -> Result<()> { Ok(()) }
    fn row(&mut self, row: &dyn RowView) -> Result<Flow> { for at in &self.1 { match row.get(*at) { ValueRef::Text(t) => self.0 += t.len() as u64, ValueRef::Int(n) => self.0 += n as u64, ValueRef::Guid(g) => self.0 += g.as_bytes()[15] as u64, ValueRef::BigInt(n)=> self.0 += n as u64, _ => {} } } Ok(Flow::Continue) }
    fn removed(&mut self, _: Uuid) -> Result<Flow> { Ok(Flow::Continue) }
}

fn main() {
    let folder = Folder::new();
    let mmap: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(256 << 20);
    let threads: usize = std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(64);
    let total: usize = std::env::args().nth(3).and_then(|a| a.parse().ok()).unwrap_or(300_000);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path(), &SqliteOptions { mmap_bytes: mmap, ..options() }).unwrap());
    let mut b = TableBuilder::new(10_001, "thing").name_column("name").column("code", text()).column("parent", lookup(&["thing"])).key("k", &["code"]);
    for n in 0..10 { b = b.column(&format!("c{n}"), if n % 2 == 0 { text() } else { integer() }); }
    let table = b.build();
    make(&*store, &table);
    let t2 = table.clone();
    store.writing(Length::Short, move |tx| { tx.change_schema(&SchemaChange::IndexLookup(&t2, t2.find("parent").unwrap()))?; Ok(()) }).unwrap();
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let lat = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|s| for _ in 0..threads { s.spawn(|| {
        let mut mine = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= total { break; }
            let mut cells: Vec<(ColumnIx, Value)> = vec![(ColumnIx(2), Value::Text(format!("name of row {n}"))), (ColumnIx(3), Value::Text(format!("code-{n:09}"))), (ColumnIx(4), Value::Ref(Reference { table: TableCode(10_001), id: id(n as u128 / 10) }))];
            for c in 0..10u16 { cells.push((ColumnIx(5 + c), if c % 2 == 0 { Value::Text(format!("value {n}")) } else { Value::Int(n as i32) })); }
            let t = table.clone();
            let began = Instant::now();
            store.writing(Length::Short, move |tx| { let r = Stamped::new(tx, &t, id(n as u128), &cells)?; tx.insert(&r)?; Ok(()) }).unwrap();
            mine.push(began.elapsed());
        }
        lat.lock().unwrap().extend(mine);
    }); });
    let took = start.elapsed();
    let mut lat = lat.into_inner().unwrap(); lat.sort();
    println!("mmap {mmap} threads {threads}: {:.0} creates/s p50 {:?} p99 {:?} max {:?}", total as f64 / took.as_secs_f64(), lat[lat.len()/2], lat[lat.len()*99/100], lat[lat.len()-1]);
    // pages
    for label in ["by id order", "feed"] {
        let columns: Vec<ColumnIx> = vec![ColumnIx(2), ColumnIx(3), ColumnIx(6), ColumnIx(8)];
        let start = Instant::now();
        let mut rows = 0u64;
        let until = position(&*store);
        let mut sink = Sum(0, (0..6).collect());
        if label == "feed" {
            let q = SecuredQuery::unrestricted(ResolvedQuery::plain(&table, &columns, None), "t");
            let mut cut = None;
            loop {
                let end = store.reading(|tx| Ok(tx.changes(&ChangeRequest { query: &q, since: None, until: &until, cut: cut.as_ref(), limit: 5000 }, &mut sink)?)).unwrap();
                cut = end.next; rows += 5000; if cut.is_none() { break; }
            }
        } else {
            let mut q = ResolvedQuery::plain(&table, &columns, None);
            q.orders = vec![ResolvedOrder { source: Source::ROOT, column: ColumnIx(0), descending: false }];
            q.limit = Some(5000);
            loop {
                let sq = SecuredQuery::unrestricted(q.clone(), "t");
                let more = store.reading(|tx| Ok(tx.select(&sq, None, &mut sink)?)).unwrap();
                rows += 5000;
                if !more { break; }
                q.after = Some(vec![Value::Guid(id(rows as u128 - 1))]);
            }
        }
        println!("{label}: {:.0} rows/s", rows as f64 / start.elapsed().as_secs_f64());
    }
    let start = Instant::now();
    let n = 50_000;
    for i in 0..n { let i = i as u128; let q = ResolvedQuery::plain(&table, &[ColumnIx(2), ColumnIx(3)], Some(ResolvedCondition::equals(table.id, Value::Guid(id(i * 3))))); let sq = SecuredQuery::unrestricted(q, "t"); let mut sink = Sum(0, vec![0]); store.reading(|tx| Ok(tx.select(&sq, None, &mut sink)?)).unwrap(); }
    println!("by id: {:?} each", start.elapsed() / n);
    let start = Instant::now();
    let bulk = 200_000usize;
    for k in 0..bulk / 1000 { let t = table.clone(); store.writing(Length::Short, move |tx| { for j in 0..1000 { let n = 1_000_000 + k * 1000 + j; let mut cells: Vec<(ColumnIx, Value)> = vec![(ColumnIx(2), Value::Text(format!("name of row {n}"))), (ColumnIx(3), Value::Text(format!("code-{n:09}")))]; for c in 0..10u16 { cells.push((ColumnIx(5 + c), if c % 2 == 0 { Value::Text(format!("value {n}")) } else { Value::Int(n as i32) })); } let r = Stamped::new(tx, &t, id(n as u128), &cells)?; tx.insert(&r)?; } Ok(()) }).unwrap(); }
    println!("bulk insert: {:.0} rows/s", bulk as f64 / start.elapsed().as_secs_f64());
    let start = Instant::now();
    for k in 0..bulk / 1000 { let t = table.clone(); store.writing(Length::Short, move |tx| { for j in 0..1000 { let n = k * 1000 + j; let cells = [(ColumnIx(2), Value::Text(format!("new name {n}")))]; let r = Stamped::new(tx, &t, id(n as u128), &cells)?; tx.update(&r)?; } Ok(()) }).unwrap(); }
    println!("bulk update: {:.0} rows/s", bulk as f64 / start.elapsed().as_secs_f64());
    println!("{}", std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("Rss")).collect::<Vec<_>>().join(" "));
}
